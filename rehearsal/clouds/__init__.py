"""The simulated clouds: one simulator core with two fronts, the gRPC plugin and the mocks of the component tests."""
