"""Measurements that compare in one run and print ratios; run by bin/bench."""
