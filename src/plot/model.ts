/** What a picture shows, as plain data: a figure of rows of panels, each a chart or a list of bars. */
import type { TimeOrigin } from './time-scale.js';
import type { Unit } from './units.js';

export interface Figure {
  readonly title: string;
  /** Lines below the title. */
  readonly subtitle: readonly string[];
  /** What somebody who does not see the picture should know. */
  readonly description: string;
  /** Each row is divided into columns of equal width, each column a stack of panels. */
  readonly rows: readonly (readonly (readonly Panel[])[])[];
}

export type Panel = Chart | BarList | Waterfall;

/** Series over two axes. */
export interface Chart {
  readonly kind: 'chart';
  readonly title: string;
  /** Remarks below the title. */
  readonly notes: readonly string[];
  readonly height: number;
  readonly x: XAxis;
  readonly y: YAxis;
  readonly layers: readonly Layer[];
  /** Vertical lines, each with a text in a row of its own above. */
  readonly marks: readonly Mark[];
  /** Said in place of axes where no layer has a value. */
  readonly empty: string;
}

export type XAxis =
  | { readonly kind: 'value'; readonly unit: Unit; readonly isLog: boolean; readonly label: string }
  | { readonly kind: 'time'; readonly origin: TimeOrigin }
  /** `count`: of the largest series, which says how many nines there are. */
  | { readonly kind: 'percentile'; readonly count: number; readonly label: string };

export interface YAxis {
  readonly unit: Unit;
  readonly label: string;
  /** `auto` is logarithmic where the highest value is far above the lowest that is not 0. */
  readonly scale: 'linear' | 'log' | 'auto';
}

/** A series in the order of x; a `y` of NaN interrupts it. */
export interface Layer {
  readonly kind: 'line' | 'area' | 'bars';
  /** Empty: not in the legend. */
  readonly name: string;
  readonly colour: string;
  readonly isDashed?: boolean;
  /** Of each y; or, one more than there are y, the edges of bins, which are drawn as steps. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface Mark {
  readonly at: number;
  readonly text: string;
  readonly colour: string;
}

/** Named counts as horizontal bars. */
export interface BarList {
  readonly kind: 'bar-list';
  readonly title: string;
  readonly notes: readonly string[];
  readonly rows: readonly { readonly name: string; readonly value: number; readonly text: string }[];
  readonly empty: string;
}

/** Spans that follow one another, as bars; those of `isWhole` are what others add up to, or stand beside them. */
export interface Waterfall {
  readonly kind: 'waterfall';
  readonly title: string;
  readonly notes: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly from: number;
    readonly length: number;
    readonly text: string;
    readonly isWhole?: boolean;
  }[];
  readonly empty: string;
}
