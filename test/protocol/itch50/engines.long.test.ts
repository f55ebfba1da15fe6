/** The properties of the engines at length: more than 10^5 random and mutated messages each. */
import { describeEngines } from './engines.js';

describeEngines(100);
