/** The properties of the engines, briefly. */
import { describeEngines } from './engines.js';

describeEngines(1);
