/** A thread that reads parts of a capture for `convert`. */
import { serveParts } from '../analysis/threads/part-service.js';
import { makerOfCopies } from './convert-part.js';

serveParts(makerOfCopies);
