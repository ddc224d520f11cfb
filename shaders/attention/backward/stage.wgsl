// with: attention/backward/quads
// Staging for the products of a block of queries and a tile of keys (attention/backward/quads).

// Stages DEPTH columns of the block's queries and of a tile of keys, or of dout and values.
fn stage(side: u32, b: u32, h: u32, group: u32, first_row: u32, first_key: u32, end: u32, first: u32, thread: u32) {
  let vectors = select(VECTORS, VALUE_VECTORS, side == 1);
  for (var n = thread; n < DEPTH / 4 * (ROWS / 4); n += THREADS) {
    let i = n % (DEPTH / 4);
    let vector = min(first / 4 + i, vectors - 1);  // columns past the last are not multiplied
    let row = first_row + n / (DEPTH / 4) * 4;
    let rows = mat4x4f(
      query_vector(side == 1, b, h, row, vector),
      query_vector(side == 1, b, h, row + 1, vector),
      query_vector(side == 1, b, h, row + 2, vector),
      query_vector(side == 1, b, h, row + 3, vector),
    );
    place_left(side, i, n / (DEPTH / 4), transpose(rows));
  }
  for (var n = thread; n < DEPTH / 4 * (KEYS / 4); n += THREADS) {
    let i = n % (DEPTH / 4);
    let vector = min(first / 4 + i, vectors - 1);  // columns past the last are not multiplied
    let key = first_key + n / (DEPTH / 4) * 4;
    let keys = mat4x4f(
      key_vector(side == 1, b, group, key, end, vector),
      key_vector(side == 1, b, group, key + 1, end, vector),
      key_vector(side == 1, b, group, key + 2, end, vector),
      key_vector(side == 1, b, group, key + 3, end, vector),
    );
    place_right(side, i, n / (DEPTH / 4), transpose(keys));
  }
}
