/** Sizes in pixels and colours of every picture. The palette is told apart by colour-blind readers (Okabe and Ito). */

export const figureWidth = 1200;
export const margin = 28;
export const fontSize = 12;
export const fontFamily = "Helvetica, Arial, 'DejaVu Sans', sans-serif";

export const colours = {
  background: '#ffffff',
  text: '#1f2933',
  faint: '#5f6b7a',
  grid: '#e3e7ec',
  minorGrid: '#f2f4f7',
  frame: '#9aa5b1',
  blue: '#0072b2',
  sky: '#56b4e9',
  orange: '#d55e00',
  sand: '#f5dc9b',
  yellow: '#e69f00',
  green: '#009e73',
  pink: '#cc79a7',
  black: '#3e4c59',
} as const;

/** For series that have no colour of their own, in order. */
export const palette = [
  colours.blue,
  colours.orange,
  colours.green,
  colours.pink,
  colours.yellow,
  colours.sky,
  colours.black,
] as const;
