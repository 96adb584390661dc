"""One module for each kind of link, a component for each of its two halves."""
