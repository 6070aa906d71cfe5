import { Transform } from 'class-transformer';
import { Equals, IsEmail, IsIn, IsNotEmpty, Length, Matches, MaxLength } from 'class-validator';

/** The delivery options. */
export const DELIVERIES = ['post', 'courier', 'collect'] as const;

const Trim = () => Transform(({ value }) => (typeof value === 'string' ? value.trim() : ''));

/**
 * What the checkout form posts. The messages are for the person who fills it in; the lowest check runs first.
 */
export class CheckoutForm {
  @Trim()
  @Length(2, 80, { message: 'A name has 2 to 80 characters.' })
  @IsNotEmpty({ message: 'Please enter your name.' })
  name!: string;

  @Trim()
  @IsEmail({}, { message: 'An e-mail address looks like name@example.com.' })
  @IsNotEmpty({ message: 'Please enter an e-mail address.' })
  email!: string;

  @Trim()
  @Length(4, 120, { message: 'Street and number have 4 to 120 characters.' })
  @IsNotEmpty({ message: 'Please enter a street and a number.' })
  street!: string;

  @Trim()
  @Matches(/^[\p{L}\d][\p{L}\d -]{2,9}$/u, { message: 'A postcode has 3 to 10 letters and digits.' })
  @IsNotEmpty({ message: 'Please enter a postcode.' })
  postcode!: string;

  @Trim()
  @Length(2, 80, { message: 'A town has 2 to 80 characters.' })
  @IsNotEmpty({ message: 'Please enter a town.' })
  city!: string;

  @IsIn(DELIVERIES, { message: 'Please choose a delivery.' })
  delivery!: (typeof DELIVERIES)[number];

  @Trim()
  @MaxLength(300, { message: 'Please keep the note under 300 characters.' })
  note!: string;

  /** A checkbox that is not ticked is not posted at all. */
  @Equals('on', {
    message: 'Please tick that you know that this is a demonstration and nothing will arrive.',
  })
  terms!: string;
}
