"""The measurements that README quotes. `make bench` prints them with the machine they were taken on."""
