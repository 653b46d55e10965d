"""Pages made from the code: `python -m docs.build` (or `make docs`) writes them anew."""
