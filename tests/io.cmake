# The data plane and the host network port.
chaos_unit_test(hostnet chaos_hostnet_linux PkgConfig::LIBNFTABLES)
