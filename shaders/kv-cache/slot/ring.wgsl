// with: lib/no-index
// Which row of the cache a position has in a ring after `sinks` that stay, in [b, g, s]: the slot
// sinks + (at - sinks) mod (s - sinks). None for a token that a later one of the same run would overwrite.

struct Ring { sinks: u32 }

@group(3) @binding(1) var<uniform> ring: Ring;

fn cache_row(b: u32, g: u32, at: u32) -> u32 {
  let round = params.s - ring.sinks;
  let first = (b * params.g + g) * params.s;
  if (at < ring.sinks) { return first + at; }
  let last = position(b, 0) + live_tokens(b) - 1;
  return select(NO_INDEX, first + ring.sinks + (at - ring.sinks) % round, last - at < round);
}
