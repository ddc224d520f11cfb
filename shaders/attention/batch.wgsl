// Batch rows that all have params.t queries, each with keys of its own (lib/extent/ragged is for sequences of several
// lengths in one row): q [b, h, t, d], out [b, t, h, dv], lse [b, h, t].

fn query_count(b: u32) -> u32 {
  return params.t;
}

// The row of q, k and v that holds b.
fn batch_row(b: u32) -> u32 {
  return b;
}

// Queries, and keys, that lie before those of b in that row.
fn queries_before(b: u32) -> u32 {
  return 0;
}

fn keys_before(b: u32) -> u32 {
  return 0;
}

// Where query t of b comes among the tokens of out.
fn token_index(b: u32, t: u32) -> u32 {
  return b * params.t + t;
}

// The batch row and the block of queries of a workgroup, whose block_index counts along one axis of the grid. A block
// has `rows` rows, `heads` of them for each query. The workgroup of a block without queries leaves.
fn batch_and_block(block_index: u32, b: u32, rows: u32, heads: u32) -> vec2u {
  return vec2u(b, block_index);
}

// The same for tiles of `keys` keys.
fn batch_and_tile(tile_index: u32, b: u32, keys: u32) -> vec2u {
  return vec2u(b, tile_index);
}
