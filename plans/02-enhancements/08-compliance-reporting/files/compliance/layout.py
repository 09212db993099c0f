"""The names of the files of an evidence bundle."""

MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
