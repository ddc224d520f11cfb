// Sequences of different lengths, one after the other in q [1, h, t, d], k and v [1, g, s, d], out [1, t, h, dv] and
// lse [1, h, t]. Sequence b has the queries from queryOffsets[b] up to but not including queryOffsets[b + 1], keys
// likewise (cu_seqlens of FlashAttention 2). Its last query is at its last key's position.
//
// Offsets beyond the existing rows, or below the one before, make a sequence short: nothing outside is read.

struct Sequences { count: u32, keys: u32 }  // keys of all of them

@group(3) @binding(0) var<storage, read> queryOffsets: array<u32>;  // [sequences + 1]
@group(3) @binding(2) var<storage, read> keyOffsets: array<u32>;    // [sequences + 1]
@group(3) @binding(3) var<uniform> sequences: Sequences;

// Queries, and keys, that lie before those of b.
fn queries_before(b: u32) -> u32 {
  return min(queryOffsets[b], params.t);
}

fn keys_before(b: u32) -> u32 {
  return min(keyOffsets[b], sequences.keys);
}

fn query_count(b: u32) -> u32 {
  let before = queries_before(b);
  return clamp(queryOffsets[b + 1], before, params.t) - before;
}

fn key_count(b: u32) -> u32 {
  let before = keys_before(b);
  return clamp(keyOffsets[b + 1], before, sequences.keys) - before;
}

fn first_query(b: u32) -> u32 {
  return key_count(b) - query_count(b);
}

// The row of q, k and v that holds b.
fn batch_row(b: u32) -> u32 {
  return 0;
}

// Where query t of b comes among the tokens of out.
fn token_index(b: u32, t: u32) -> u32 {
  return queries_before(b) + t;
}

// The sequence and the block of queries of a workgroup, whose block_index counts the blocks of all sequences, one
// sequence after the other. A block is `rows` rows, of which a query has `heads`. In one without queries, the workgroup
// leaves.
fn batch_and_block(block_index: u32, row: u32, rows: u32, heads: u32) -> vec2u {
  var left = block_index;
  for (var b = 0u; b < sequences.count; b++) {
    let blocks = (query_count(b) * heads + rows - 1) / rows;
    if (left < blocks) { return vec2u(b, left); }
    left -= blocks;
  }
  return vec2u(0, query_count(0) * heads);
}

// The same for tiles of `keys` keys.
fn batch_and_tile(tile_index: u32, row: u32, keys: u32) -> vec2u {
  var left = tile_index;
  for (var b = 0u; b < sequences.count; b++) {
    let tiles = (key_count(b) + keys - 1) / keys;
    if (left < tiles) { return vec2u(b, left); }
    left -= tiles;
  }
  return vec2u(0, key_count(0));
}
