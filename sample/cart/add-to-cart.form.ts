import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** The most of one product that can be added at once. */
const LARGEST_ADDITION = 20;

const QUANTITY_MESSAGE = `Please enter a whole number from 1 to ${LARGEST_ADDITION}.`;

/** What an "Add to cart" button posts. */
export class AddToCartForm {
  @IsString({ message: 'Please choose a product.' })
  product!: string;

  @Type(() => Number)
  @Max(LARGEST_ADDITION, { message: QUANTITY_MESSAGE })
  @Min(1, { message: QUANTITY_MESSAGE })
  @IsInt({ message: QUANTITY_MESSAGE })
  quantity: number = 1;

  /** The page that contains the button. */
  @IsOptional()
  @IsString()
  backTo?: string;
}
