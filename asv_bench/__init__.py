"""The speed of dropout_fast over its history: asv's benchmarks, a gate against losses, a dashboard."""
