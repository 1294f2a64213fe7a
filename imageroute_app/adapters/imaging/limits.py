"""How large a picture may be, for who opens it and for who hands it on."""

BYTES_MAX = 30 * 1024 * 1024
TOO_LARGE = "This picture is too large: up to 30 MB, 40 megapixels and 12,000 pixels a side."
UPLOAD_BYTES_MAX = 20 * 1024 * 1024
UPLOAD_TOO_LARGE = "This file is over 20 MB, the most we take. Save it smaller and try again."
UPLOAD_EDGE_PX = 4096
