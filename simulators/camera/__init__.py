"""A camera without a lens: MJPEG and snapshots over HTTP, showing rendered vehicles or real photographs."""
