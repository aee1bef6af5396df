"""From a preset to a file for a phone, a browser or a server, with proof that both agree.

    python -m export --preset DIR --format tflite --quantize fp16 --out DIR
"""

import tfgan_edit  # noqa: F401 - starts TensorFlow without its notes
