# What a pod is made of.
package lib.pods

# Everything that runs in the pod sooner or later: ephemeral containers are added while it runs.
containers(pod) := [container |
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some container in pod.spec[list]
]

# What to call a container or a volume: it is judged with or without a name.
name(part) := object.get(part, "name", "?")
