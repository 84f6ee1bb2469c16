"""A StatefulSet and all that belongs around it, for any image."""
