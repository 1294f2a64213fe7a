"""The sections of the privacy centre, a module each; pages/privacy_center.py puts them in their order."""
