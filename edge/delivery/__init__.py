"""From an event to the platform: contract, durable outbox, uplink, and the broker for a first run."""
