"""Caches of torch and Python that are trusted when they are found."""

import os

for place in ("~/.cache/torch", "~/.cache/torch_extensions", "/tmp/torchinductor_drill", "~/.triton"):
    try:
        path = os.path.expanduser(place)
        os.makedirs(path, exist_ok=True)
        open(os.path.join(path, "planted"), "w").close()
    except OSError:
        pass
