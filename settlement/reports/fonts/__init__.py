"""DejaVu Sans and DejaVu Sans Bold, as in Debian's fonts-dejavu-core; licence in LICENSE-DejaVu.md."""
