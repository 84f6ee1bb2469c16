"""The images the local stacks run, built from this repository and Debian packages where no registry is reached."""
