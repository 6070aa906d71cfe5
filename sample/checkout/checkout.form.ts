import { Transform } from 'class-transformer';
import { Equals, IsEmail, IsIn, Length, Matches, MaxLength } from 'class-validator';

/** The ways that an order can travel. */
export const DELIVERIES = ['post', 'courier', 'collect'] as const;

const Trim = () => Transform(({ value }) => (typeof value === 'string' ? value.trim() : ''));

/** What the checkout form posts. The messages are for the person who fills it in. */
export class CheckoutForm {
  @Trim()
  @Length(2, 80, { message: 'Please enter your name.' })
  name!: string;

  @Trim()
  @IsEmail({}, { message: 'Please enter an e-mail address, for the confirmation.' })
  email!: string;

  @Trim()
  @Length(4, 120, { message: 'Please enter a street and a number.' })
  street!: string;

  @Trim()
  @Matches(/^[\p{L}\d][\p{L}\d -]{2,9}$/u, { message: 'A postcode has 3 to 10 letters and digits.' })
  postcode!: string;

  @Trim()
  @Length(2, 80, { message: 'Please enter a town.' })
  city!: string;

  @IsIn(DELIVERIES, { message: 'Please choose how we should send it.' })
  delivery!: (typeof DELIVERIES)[number];

  @Trim()
  @MaxLength(300, { message: 'Please keep the note under 300 characters.' })
  note!: string;

  /** A checkbox that is not ticked is not posted at all. */
  @Equals('on', { message: 'Please agree to the terms of this demonstration.' })
  terms!: string;
}
