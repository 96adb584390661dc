# Image names, read as container runtimes read them (https://github.com/distribution/reference): what comes before the
# first slash is a registry if it can be a host, and all other images lie on Docker Hub.
package lib.images

# Whether an image lies in one of the places: a registry, a folder of it or a repository, each written in full.
within(image, places) if {
	some place in places
	startswith(concat("", [repository(image), "/"]), concat("", [trim_suffix(place, "/"), "/"]))
}

# The full name of an image, without its tag and its digest.
repository(image) := name if {
	name := _untagged(image)
	_has_host(name)
	not regex.match(_hub, name)
}

repository(image) := concat("", ["docker.io/library/", path]) if {
	path := _path_on_hub(_untagged(image))
	not contains(path, "/")
}

repository(image) := concat("", ["docker.io/", path]) if {
	path := _path_on_hub(_untagged(image))
	contains(path, "/")
}

_hub := `^(index\.)?docker\.io/`

_untagged(image) := regex.replace(image, `(:[^:/]*)?(@.*)?$`, "")

_has_host(name) if regex.match(`^([^/]*[.:A-Z][^/]*|localhost)/`, name)

_path_on_hub(name) := name if not _has_host(name)

_path_on_hub(name) := regex.replace(name, _hub, "") if regex.match(_hub, name)
