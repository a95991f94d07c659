"""The cache in front of the site: how it is told, what pages let it do, what another host is given."""
