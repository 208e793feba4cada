"""The stages in order, and the only place that joins them.

```
files ─ load ─ check ─ link ─ diff ─ measure ─ verify ─ judge ─ render ─ archive
```

`survey` runs load, check and link; `judging` adds diff, seals and rulings; `verification`
re-hashes, recomputes and verifies; `edition` gathers all of it for the portal; `sealing`
holds the commands that write evaluations, manifests and seals.
"""
