"""The alarm: looks at the parts, Kafka and the read model from outside, and tells people by mail and webhook."""
