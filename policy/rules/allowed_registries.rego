# Images come from allowed registries.
#
# parameters.registries: where images may come from: a registry, a folder of it or a repository, written in full.
# parameters.exemptImages: what is let through all the same, written likewise.
package hybridge.allowed_registries

import data.lib.images
import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	_is_strange(container.image)
	msg := sprintf("Container `%s` runs %s", [pods.name(container), _sentence(container.image)])
}

violation contains {"msg": msg} if {
	some volume in input.review.object.spec.volumes
	_is_strange(volume.image.reference)
	msg := sprintf("Volume `%s` holds %s", [pods.name(volume), _sentence(volume.image.reference)])
}

_registries := object.get(input, ["parameters", "registries"], [])

_is_strange(image) if {
	not images.within(image, _registries)
	not _is_exempt(image)
}

# A function of its own: where the parameter is not given, `not` would be undefined as well, and the image let through.
_is_exempt(image) if images.within(image, input.parameters.exemptImages)

_sentence(image) := sprintf(
	"%s, which lies in none of the allowed registries: %s.",
	[images.repository(image), concat(", ", _registries)],
)
