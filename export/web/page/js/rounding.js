/** Python's round: halves go to the even neighbour. */
export function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
