"""The root of trust that clusters of a mesh share: one root authority, and an intermediate for each cluster."""
