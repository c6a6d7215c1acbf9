"""The store: schema, migrations, journal, projections, vault, leases."""
