import type { Product } from './product.js';

/** The products of the shop. A real shop reads them from its database. */
export const PRODUCTS: readonly Product[] = [
  {
    id: 'mug',
    name: 'Stoneware mug',
    description: 'Thrown by hand, glazed in sea green. Holds 350 ml and keeps them warm.',
    priceCents: 1800,
  },
  {
    id: 'notebook',
    name: 'Thread-bound notebook',
    description: '160 pages of laid paper that opens flat, in linen the colour of brick.',
    priceCents: 1450,
  },
  {
    id: 'lamp',
    name: 'Reading lamp',
    description: 'A brass arm, a shade of enamel, and a switch that clicks.',
    priceCents: 8900,
  },
  {
    id: 'candle',
    name: 'Beeswax candle',
    description: 'Burns for forty hours and smells of nothing but summer.',
    priceCents: 1200,
  },
  {
    id: 'plant',
    name: 'Potted fern',
    description: 'Grows in the shade, forgives a forgotten watering, comes with its pot.',
    priceCents: 2400,
  },
  {
    id: 'clock',
    name: 'Kitchen clock',
    description: 'Sweeps silently, reads from across the room, runs two years on one battery.',
    priceCents: 4600,
  },
  {
    id: 'pencils',
    name: 'Six cedar pencils',
    description: 'From 2H to 4B, sharpened once at the works. The rest is up to you.',
    priceCents: 950,
  },
  {
    id: 'blanket',
    name: 'Wool blanket',
    description: 'Woven from the wool of one valley, 130 by 180 cm, moth-proof by cedar only.',
    priceCents: 12900,
  },
];
