# No container is privileged: a privileged one may do on its node whatever root may.
#
# parameters.exemptImages: registries, folders of them or repositories, written in full, whose images may be privileged.
package hybridge.no_privileged_containers

import data.lib.images
import data.lib.pods

violation contains {"msg": msg} if {
	some container in pods.containers(input.review.object)
	container.securityContext.privileged == true
	not _is_exempt(container)
	msg := sprintf("Container `%s` is privileged. Grant it the capabilities that it needs.", [pods.name(container)])
}

# A function of its own: where the parameter is not given, `not` would be undefined as well, and the container let through.
_is_exempt(container) if images.within(container.image, input.parameters.exemptImages)
