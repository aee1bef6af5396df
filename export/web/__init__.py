"""A page that edits photos in the browser, with the files that `export` wrote."""
