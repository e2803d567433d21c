"""A contactless card behind the virtual PC/SC reader of the vsmartcard project."""
