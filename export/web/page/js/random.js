/**
 * Normal numbers by seed, the same as NumPy's `RandomState(seed).randn(count)`, so that a seed is the
 * same style here and on the command line: the Mersenne Twister MT19937 (Matsumoto and Nishimura,
 * 1998) and Marsaglia's polar method.
 */

const WORDS = 624;

function twister(seed) {
  const state = new Uint32Array(WORDS);
  state[0] = seed;
  for (let i = 1; i < WORDS; i++) {
    state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  }
  let next = WORDS;
  return () => {
    if (next === WORDS) {
      for (let i = 0; i < WORDS; i++) {
        const bits = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
        state[i] = state[(i + 397) % WORDS] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
      }
      next = 0;
    }
    let word = state[next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

/**
 * @param {number} seed a whole number in [0, 2^32)
 * @param {number} count
 * @returns {Float32Array} standard normal
 */
export function standardNormal(seed, count) {
  const word = twister(seed);
  const uniform = () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    let [x, y, square] = [0, 0, 0];
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    out[i] = factor * y;
    if (i + 1 < count) out[i + 1] = factor * x;
  }
  return out;
}
