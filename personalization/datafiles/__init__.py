"""The data files of a chip, from an approved record: biodata, photo, signature image, minutiae."""
