"""One component for each kind of site. Import the module of a site's kind: each loads its own cloud alone."""
