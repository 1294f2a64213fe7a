"""MongoDB (a replica set, such as Atlas): for more than one machine."""
