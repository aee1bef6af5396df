"""The verb `convert`, called as from the command line."""

from absl import flags

from tfgan_edit import convert as verb


def run(**values):
    """convert --name=value …"""
    parsed = flags.FlagValues()
    verb.define_flags(parsed)
    parsed(["convert", *(f"--{name}={value}" for name, value in values.items())])
    verb.main(parsed)
