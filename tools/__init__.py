"""Tools for authors: what builds and checks the notebooks. Nothing here is needed to take the course."""
