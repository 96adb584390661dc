# Every container has limits, so that none takes a node from the others. Ephemeral containers cannot have any.
#
# parameters.limits: the resources that must be limited; cpu and memory where nothing is said.
# parameters.exemptImages: registries, folders of them or repositories, written in full, whose images need no limits.
package hybridge.required_limits

import data.lib.images
import data.lib.pods

violation contains {"msg": msg} if {
	some list in ["initContainers", "containers"]
	some container in input.review.object.spec[list]
	some resource in object.get(input, ["parameters", "limits"], ["cpu", "memory"])
	not container.resources.limits[resource]
	not _is_exempt(container)
	words := "Container `%s` has no limit of %s. Set `resources.limits.%s`."
	msg := sprintf(words, [pods.name(container), resource, resource])
}

# A function of its own: where the parameter is not given, `not` would be undefined as well, and the container let through.
_is_exempt(container) if images.within(container.image, input.parameters.exemptImages)
