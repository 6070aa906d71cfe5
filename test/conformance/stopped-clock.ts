export { StoppedClock } from '../../lib/conformance/stopped-clock.js';
