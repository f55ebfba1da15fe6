/** A thread that reads parts of a capture for `inspect` and `decode`. */
import { makerOfReaders } from './part-makers.js';
import { serveParts } from './part-service.js';

serveParts(makerOfReaders);
