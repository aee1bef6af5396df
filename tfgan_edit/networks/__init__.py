"""Forward graphs that papers name, serialisable."""
