"""What happens at every tick of a training: progress, samples, metrics, presets."""
