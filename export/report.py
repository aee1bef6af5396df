"""What export.json says, in a few lines for people."""


def summary(record):
    """Lines about files, errors and the GPU gate of an export."""
    lines = []
    for name, file in record["files"].items():
        lines.append(f"{name:20} {file['bytes']:>13,} bytes")
    products = record["multiply_adds"] / 1e9
    lines.append(f"{record['parameters']:,} parameters, {products:.3g} billion multiply-adds")
    found = record["verification"]
    for signature, outputs in found["errors"].items():
        for name, errors in outputs.items():
            lines.append(f"{signature}: {name}: {_errors(errors)}")
    if found["psnr_loss"] is not None:
        lines.append(f"{found['psnr_loss']:.2f} dB less PSNR than Keras against the pairs' targets")
    if "repaired" in record:
        lines.append(_repair(**record["repaired"]))
    for sentence in found["exceeded"]:
        lines.append(f"beyond the limit, not recommended: {sentence}")
    for file, memory in found.get("memory_bytes", {}).items():
        lines.append(f"{file}: {memory / 2**20:.0f} MiB of memory when run")
    if "gpu" in found:
        lines.append(f"GPU: {_other(found['gpu'])}")
    if "aarch64" in found:
        lines.append(f"64-bit ARM, emulated: {_other(found['aarch64'])}")
    return "\n".join(lines)


def _errors(errors):
    if not errors.get("finite", True):
        return "not finite"
    psnr = "equal" if errors["psnr"] is None else f"{errors['psnr']:.1f} dB"
    text = f"against Keras max {errors['max_error']:.2g}, mean {errors['mean_error']:.2g}, {psnr}"
    return text + (f", LPIPS {errors['lpips']:.4f}" if "lpips" in errors else "")


def _repair(float32_layers, psnr_before, psnr):
    gain = f"{psnr:.1f} instead of {psnr_before:.1f} dB where ranges were measured"
    return f"repaired, {gain}, by float32 in {', '.join(float32_layers)}"


def _other(found):
    """What a check on another processor found."""
    if found["status"] == "refused":
        refused = (f"{r['op']} ({', '.join(r['layers'][:3])})" for r in found["refused"])
        return f"refuses {'; '.join(refused)}"
    if "max_error" in found:
        return f"{found['status']}, {found['max_error']:.2g} from this machine's processor"
    return f"{found['status']}: {found['reason']}"
