/**
 * Marks the class `SessionEntity`: the driver, which runs without that class and loads no TypeORM, knows its entities by it.
 * One symbol for the whole process, so that two copies of the package know each other's.
 */
export const sessionEntityMark: unique symbol = Symbol.for('nestjs-session-kit:session-entity');
